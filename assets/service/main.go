// Command service is the small web service that the course packs into an image.
//
// It uses the standard library only. PORT chooses the port (default 8080), LISTEN the address to
// listen on (default: every address). Any other file of this package may be read, none has to be.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const defaultPort = "8080"

// version and token can be set while linking: go build -ldflags "-X main.token=…".
var (
	version = "1.0.0"
	token   = ""
)

func main() {
	healthcheck := flag.Bool("healthcheck", false, "ask the running service for /health; exit 0 when it is healthy")
	labAuthority := flag.Bool("lab-ca", false, "print the certificate of the authority behind /https")
	drain := flag.Duration("drain", 0, "after SIGTERM, wait this long for running requests (default: stop at once)")
	flag.Parse()

	var err error
	switch {
	case flag.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case *labAuthority:
		err = printLabAuthority(os.Stdout)
	case *healthcheck:
		err = checkHealth(os.Getenv)
	default:
		err = serve(os.Getenv, *drain)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// address joins LISTEN and PORT. An empty LISTEN means every address.
func address(getenv func(string) string) (string, error) {
	port := getenv("PORT")
	if port == "" {
		port = defaultPort
	}
	if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
		return "", fmt.Errorf("PORT is %q: expected a number from 1 to 65535", port)
	}
	return net.JoinHostPort(getenv("LISTEN"), port), nil
}

func serve(getenv func(string) string, drain time.Duration) error {
	listenOn, err := address(getenv)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listenOn)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newHandler(time.Now()), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on %s", listener.Addr())
	if drain <= 0 {
		return server.Serve(listener)
	}
	return serveUntilSignal(server, listener, drain)
}

// serveUntilSignal stops taking requests at SIGTERM or SIGINT and lets the running ones end.
func serveUntilSignal(server *http.Server, listener net.Listener, drain time.Duration) error {
	stopped, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer release()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-stopped.Done():
	}
	log.Printf("told to stop: waiting up to %s for running requests", drain)
	limit, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return fmt.Errorf("requests were still running after %s: %w", drain, err)
	}
	log.Print("every request was answered")
	return nil
}

// checkHealth is what a HEALTHCHECK can run in an image that has no curl: the binary asks itself.
func checkHealth(getenv func(string) string) error {
	listensOn, err := address(getenv)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(listensOn)
	if err != nil {
		return err
	}
	if address := net.ParseIP(host); host == "" || address != nil && address.IsUnspecified() {
		host = "127.0.0.1"
	}
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), 3*time.Second)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = ask(connection, "/health")
	return err
}
