package main

import (
	"log"
	"os"
)

func init() {
	if err := os.WriteFile("/state/started", nil, 0o644); err != nil {
		log.Fatal(err)
	}
}
