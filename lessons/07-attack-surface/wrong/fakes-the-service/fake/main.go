package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/health" {
			fmt.Fprintf(w, `{"status": "healthy", "timestamp": %q}`, time.Now().UTC().Format(time.RFC3339))
			return
		}
		fmt.Fprintln(w, `{"service": {}, "system": {}, "runtime": {}, "request": {}, "endpoints": []}`)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
