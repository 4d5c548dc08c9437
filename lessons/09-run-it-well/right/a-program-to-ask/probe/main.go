// Command probe ends with 0 when the service answers /health with 200.
package main

import (
	"bufio"
	"log"
	"net"
	"net/http"
	"time"
)

func main() {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:8080", time.Second)
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:8080/health", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := request.Write(connection); err != nil {
		log.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		log.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		log.Fatal(response.Status)
	}
}
