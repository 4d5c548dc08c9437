package main

import (
	"fmt"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"time"
)

// Doors to what a full system has and an empty image has not. Each answers 200 when it works, and
// otherwise 500 with the error's own text.

const longestSlowRequest = time.Minute

func timeInZone(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("zone")
	if name == "" {
		name = "Europe/Moscow"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		reply(w, http.StatusInternalServerError, failure{err.Error()})
		return
	}
	reply(w, http.StatusOK, struct {
		Zone string `json:"zone"`
		Time string `json:"time"`
	}{name, time.Now().In(zone).Format(time.RFC3339)})
}

func useTemporaryFile(w http.ResponseWriter, _ *http.Request) {
	path, err := writeAndReadBack("written by the service\n")
	if err != nil {
		reply(w, http.StatusInternalServerError, failure{err.Error()})
		return
	}
	reply(w, http.StatusOK, struct {
		Wrote string `json:"wrote"`
	}{path})
}

func writeAndReadBack(text string) (path string, err error) {
	file, err := os.CreateTemp("", "service-")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	read, err := os.ReadFile(file.Name())
	if err != nil {
		return "", err
	}
	if string(read) != text {
		return "", fmt.Errorf("%s holds %d bytes, %d were written", file.Name(), len(read), len(text))
	}
	return file.Name(), nil
}

func lookUpUser(w http.ResponseWriter, _ *http.Request) {
	found, err := user.LookupId(strconv.Itoa(os.Getuid()))
	if err != nil {
		reply(w, http.StatusInternalServerError, failure{err.Error()})
		return
	}
	reply(w, http.StatusOK, struct {
		Name string `json:"name"`
		Home string `json:"home"`
	}{found.Username, found.HomeDir})
}

func whoAmI(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, struct {
		UserID  int    `json:"uid"`
		GroupID int    `json:"gid"`
		Token   string `json:"token"`
	}{os.Getuid(), os.Getgid(), token})
}

// boom asks for an element that is not there. The server catches the panic, logs its trace and
// goes on; the client gets no answer.
func boom(http.ResponseWriter, *http.Request) {
	pick([]string{"only", "three", "words"}, 7)
}

//go:noinline
func pick(words []string, index int) string {
	return words[index]
}

func slow(w http.ResponseWriter, r *http.Request) {
	wait := 2 * time.Second
	if text := r.URL.Query().Get("for"); text != "" {
		asked, err := time.ParseDuration(text)
		if err != nil || asked < 0 || asked > longestSlowRequest {
			reply(w, http.StatusBadRequest, failure{
				fmt.Sprintf("for is %q: expected a time such as 2s, at most %s", text, longestSlowRequest),
			})
			return
		}
		wait = asked
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
	case <-timer.C:
		reply(w, http.StatusOK, struct {
			Waited string `json:"waited"`
		}{wait.String()})
	}
}
