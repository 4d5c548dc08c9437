package main

import (
	"fmt"
	"log"
	"net/http"
)

var version, token = "1.0.0", ""

var pages = map[string]string{
	"/":       `{"service": {}, "system": {}, "runtime": {}, "request": {}, "endpoints": []}`,
	"/health": `{"status": "healthy", "timestamp": "2023-08-01T12:00:00Z", "uptime_seconds": 1}`,
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		page, found := pages[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintln(w, page)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
