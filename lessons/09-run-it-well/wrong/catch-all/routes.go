package main

import (
	"encoding/json"
	"net/http"
	"time"
)

type endpoint struct{ Path string }

type service struct {
	started   time.Time
	endpoints []endpoint
}

type failure struct{ Error string }

func newHandler(started time.Time) http.Handler {
	s := &service{started: started, endpoints: []endpoint{{"/"}, {"/health"}, {"/slow"}}}
	mux := http.NewServeMux()
	mux.HandleFunc("/health", s.health)
	mux.HandleFunc("/slow", slow)
	mux.HandleFunc("/", s.info)
	return mux
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
