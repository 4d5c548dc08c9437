package main

import (
	"encoding/json"
	"log"
	"net/http"
	"sort"
	"strconv"
	"time"
)

// endpoint is one line of the list that GET / shows.
type endpoint struct {
	Path        string `json:"path"`
	Method      string `json:"method"`
	Description string `json:"description"`

	handle http.HandlerFunc
}

// service is what the handlers share.
type service struct {
	started   time.Time
	endpoints []endpoint
}

// newHandler answers exactly the paths of its list. Any other path is 404: a catch-all that answers
// 200 would make every typing error look like a working endpoint.
func newHandler(started time.Time) http.Handler {
	s := &service{started: started}
	s.endpoints = []endpoint{
		{"/", http.MethodGet, "this information", s.info},
		{"/health", http.MethodGet, "whether the service is up", s.health},
		{"/boom", http.MethodGet, "panics, and logs the trace", boom},
		{"/https", http.MethodGet, "asks a TLS server, checking its certificate", askOverTLS},
		{"/slow", http.MethodGet, "takes its time: ?for=2s", slow},
		{"/temp", http.MethodGet, "writes and reads a temporary file", useTemporaryFile},
		{"/time", http.MethodGet, "the time in a zone: ?zone=Europe/Moscow", timeInZone},
		{"/user", http.MethodGet, "looks up the name of the user it runs as", lookUpUser},
		{"/whoami", http.MethodGet, "user and group ids, and the linked-in token", whoAmI},
	}
	sort.Slice(s.endpoints, func(i, j int) bool { return s.endpoints[i].Path < s.endpoints[j].Path })
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	recorder := &statusRecorder{ResponseWriter: w}
	defer func() { log.Printf("%s %q %s in %s", r.Method, r.URL.Path, recorder, time.Since(begun)) }()

	for _, e := range s.endpoints {
		if e.Path != r.URL.Path {
			continue
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			recorder.Header().Set("Allow", "GET, HEAD")
			reply(recorder, http.StatusMethodNotAllowed, failure{"use GET"})
			return
		}
		e.handle(recorder, r)
		return
	}
	reply(recorder, http.StatusNotFound, failure{"no such endpoint; GET / lists them"})
}

// failure is the body of every answer that is not 200.
type failure struct {
	Error string `json:"error"`
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(body); err != nil {
		log.Printf("answer was not written: %v", err)
	}
}

// statusRecorder remembers the status for the log.
type statusRecorder struct {
	http.ResponseWriter
	status int // 0: no answer was given
}

func (s *statusRecorder) String() string {
	if s.status == 0 {
		return "no answer"
	}
	return strconv.Itoa(s.status)
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
