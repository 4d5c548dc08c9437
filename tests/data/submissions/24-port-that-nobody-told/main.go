package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"runtime"
	"time"
)

var started = time.Now()

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

func index(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	host, _ := os.Hostname()
	answer(w, map[string]any{
		"service":   map[string]string{"name": "quiet", "version": "1.0"},
		"system":    map[string]any{"hostname": host, "platform": runtime.GOOS, "cpus": runtime.NumCPU()},
		"runtime":   map[string]any{"uptime": time.Since(started).Seconds()},
		"request":   map[string]string{"method": r.Method, "path": r.URL.Path},
		"endpoints": []string{"/", "/health"},
	})
}

func health(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]string{"status": "healthy", "timestamp": time.Now().UTC().Format(time.RFC3339)})
}

func main() {
	http.HandleFunc("/", index)
	http.HandleFunc("/health", health)
	log.Fatal(http.ListenAndServe(":3000", nil))
}
