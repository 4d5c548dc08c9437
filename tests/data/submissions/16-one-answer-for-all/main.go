package main

import (
	"encoding/json"
	"net/http"
	"time"
)

func main() {
	// Everything is answered in one place.
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"service": "catchall", "system": "linux", "runtime": time.Now().Unix(),
			"request": r.URL.Path, "endpoints": []string{"/"},
		})
	})
	http.ListenAndServe(":8080", nil)
}
