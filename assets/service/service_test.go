package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, target string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	newHandler(time.Now()).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target, nil))
	return answer
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestRootTellsServiceSystemRuntimeRequestAndEndpoints(t *testing.T) {
	answer := get(t, "/")
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d", answer.Code)
	}
	var body map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"service", "system", "runtime", "request", "endpoints"} {
		if body[key] == nil {
			t.Errorf("no %q in %s", key, answer.Body)
		}
	}
}

func TestHealthIsHealthy(t *testing.T) {
	answer := get(t, "/health")
	var body healthInfo
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if answer.Code != http.StatusOK || body.Status != "healthy" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestUnknownPathIs404(t *testing.T) {
	for _, path := range []string{"/nope", "/health/", "/Health"} {
		if answer := get(t, path); answer.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, answer.Code)
		}
	}
}

func TestOnlyGetAndHeadAreAllowed(t *testing.T) {
	answer := httptest.NewRecorder()
	newHandler(time.Now()).ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", nil))
	if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") == "" {
		t.Errorf("%d, Allow %q", answer.Code, answer.Header().Get("Allow"))
	}
}

func TestAddressJoinsListenAndPort(t *testing.T) {
	for _, row := range []struct{ listen, port, want string }{
		{"", "", ":8080"},
		{"", "9000", ":9000"},
		{"127.0.0.1", "", "127.0.0.1:8080"},
		{"::1", "80", "[::1]:80"},
	} {
		got, err := address(environment("LISTEN", row.listen, "PORT", row.port))
		if err != nil || got != row.want {
			t.Errorf("%+v: %q, %v", row, got, err)
		}
	}
}

func TestPortThatIsNoPortIsRefused(t *testing.T) {
	for _, port := range []string{"http", "0", "65536", "80 "} {
		if _, err := address(environment("PORT", port)); err == nil || !strings.Contains(err.Error(), "PORT") {
			t.Errorf("%q: %v", port, err)
		}
	}
}

func TestHealthcheckTellsHealthyFromDown(t *testing.T) {
	server := httptest.NewServer(newHandler(time.Now()))
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	env := environment("PORT", port, "LISTEN", "0.0.0.0")
	if err := checkHealth(env); err != nil {
		t.Errorf("up: %v", err)
	}
	server.Close()
	if err := checkHealth(env); err == nil {
		t.Error("down, and no error")
	}
}

func TestHealthcheckFailsWhenHealthIsNot200(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := checkHealth(environment("PORT", port)); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}

func TestTemporaryFileNeedsItsFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if answer := get(t, "/temp"); answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if answer := get(t, "/temp"); answer.Code != http.StatusInternalServerError ||
		!strings.Contains(answer.Body.String(), "no such file or directory") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestUnknownZoneSaysSo(t *testing.T) {
	if answer := get(t, "/time?zone=Nowhere/Land"); answer.Code != http.StatusInternalServerError ||
		!strings.Contains(answer.Body.String(), "unknown time zone Nowhere/Land") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if answer := get(t, "/time?zone=UTC"); answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

func TestWhoAmITellsIdsAndToken(t *testing.T) {
	token = "abc"
	defer func() { token = "" }()
	var body struct {
		UserID int `json:"uid"`
		Token  string
	}
	if err := json.Unmarshal(get(t, "/whoami").Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if body.UserID != os.Getuid() || body.Token != "abc" {
		t.Errorf("%+v", body)
	}
}

func TestBoomPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	get(t, "/boom")
}

func TestSlowWaitsAsLongAsAskedWithinItsLimit(t *testing.T) {
	if answer := get(t, "/slow?for=1ms"); answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	for _, text := range []string{"soon", "-1s", "2m"} {
		if answer := get(t, "/slow?for="+text); answer.Code != http.StatusBadRequest {
			t.Errorf("%q: status %d", text, answer.Code)
		}
	}
}
