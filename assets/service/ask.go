package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ask sends one GET request over a connection and returns the beginning of the answer's body. An
// answer other than 200 is an error.
//
// http.Client would do it too, and brings about a twelfth of the program along: proxies, cookies and
// redirects, which asking one known server does not need.
func ask(connection net.Conn, path string) (string, error) {
	if err := connection.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return "", err
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(connection, request); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", path, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	return string(body), err
}
