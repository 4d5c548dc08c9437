package main

import (
	"log"
	"net/http"
	"time"
)

var version, token = "1.0.0", ""

func main() {
	s := &service{started: time.Now()}
	s.endpoints = []endpoint{{Path: "/", Method: "GET"}, {Path: "/health", Method: "GET"}}
	http.HandleFunc("/health", s.health)
	http.HandleFunc("/", s.info)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
