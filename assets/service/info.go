package main

import (
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

type serviceInfo struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
}

type systemInfo struct {
	Hostname     string `json:"hostname"`
	Platform     string `json:"platform"`
	Architecture string `json:"architecture"`
	CPUCount     int    `json:"cpu_count"`
	GoVersion    string `json:"go_version"`
	ProcessID    int    `json:"pid"`
	UserID       int    `json:"uid"`
}

type runtimeInfo struct {
	UptimeSeconds float64 `json:"uptime_seconds"`
	CurrentTime   string  `json:"current_time"`
	Timezone      string  `json:"timezone"`
	Goroutines    int     `json:"goroutines"`
}

type requestInfo struct {
	ClientIP  string `json:"client_ip"`
	UserAgent string `json:"user_agent"`
	Method    string `json:"method"`
	Path      string `json:"path"`
}

type information struct {
	Service   serviceInfo `json:"service"`
	System    systemInfo  `json:"system"`
	Runtime   runtimeInfo `json:"runtime"`
	Request   requestInfo `json:"request"`
	Endpoints []endpoint  `json:"endpoints"`
}

func (s *service) info(w http.ResponseWriter, r *http.Request) {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "unknown"
	}
	clientIP, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		clientIP = r.RemoteAddr
	}
	now := time.Now()
	zone, _ := now.Zone()
	reply(w, http.StatusOK, information{
		Service: serviceInfo{
			Name:        "info-service",
			Version:     version,
			Description: "says what it runs on",
		},
		System: systemInfo{
			Hostname:     hostname,
			Platform:     runtime.GOOS,
			Architecture: runtime.GOARCH,
			CPUCount:     runtime.NumCPU(),
			GoVersion:    runtime.Version(),
			ProcessID:    os.Getpid(),
			UserID:       os.Getuid(),
		},
		Runtime: runtimeInfo{
			UptimeSeconds: now.Sub(s.started).Seconds(),
			CurrentTime:   now.Format(time.RFC3339),
			Timezone:      zone,
			Goroutines:    runtime.NumGoroutine(),
		},
		Request: requestInfo{
			ClientIP:  clientIP,
			UserAgent: r.UserAgent(),
			Method:    r.Method,
			Path:      r.URL.Path,
		},
		Endpoints: s.endpoints,
	})
}

type healthInfo struct {
	Status        string  `json:"status"`
	Timestamp     string  `json:"timestamp"`
	UptimeSeconds float64 `json:"uptime_seconds"`
}

func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	reply(w, http.StatusOK, healthInfo{
		Status:        "healthy",
		Timestamp:     now.UTC().Format(time.RFC3339),
		UptimeSeconds: now.Sub(s.started).Seconds(),
	})
}
