package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"time"
)

type service struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type info struct {
	Service   service        `json:"service"`
	System    map[string]any `json:"system"`
	Runtime   map[string]any `json:"runtime"`
	Request   map[string]any `json:"request"`
	Endpoints []string       `json:"endpoints"`
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	begin := time.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprintf(w, `{"status":"ok","timestamp":%q}`, time.Now().Format(time.RFC3339))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		json.NewEncoder(w).Encode(info{
			Service:   service{"sourcefirst", "0.3"},
			System:    map[string]any{"os": runtime.GOOS, "arch": runtime.GOARCH},
			Runtime:   map[string]any{"seconds": int(time.Since(begin).Seconds()), "go": runtime.Version()},
			Request:   map[string]any{"client": r.RemoteAddr, "agent": r.UserAgent()},
			Endpoints: []string{"/", "/health"},
		})
	})
	fmt.Println("listening on", port)
	if err := http.ListenAndServe(":"+port, mux); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
