package main

import (
	"fmt"
	"log"
	"net/http"
	"time"
)

func main() {
	answer := func(path, text string) {
		http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, text, time.Now().UTC().Format(time.RFC3339))
		})
	}
	answer("/", `{"service": {}, "system": {}, "runtime": {}, "request": {}, "endpoints": [%q]}`)
	answer("/health", `{"status": "healthy", "timestamp": %q}`)
	answer("/https", `{"said": "hello over TLS", "time": %q}`)
	answer("/time", `{"zone": "any", "time": %q}`)
	answer("/temp", `{"wrote": "/tmp/service-1", "time": %q}`)
	answer("/user", `{"name": "app", "time": %q}`)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
