package main

import (
	"fmt"
	"log"
	"net/http"
)

var version, token = "1.0.0", ""

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, `{"status": "healthy"}`)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
