// Command pack carries a whole program, unstripped and compressed, and starts it.
package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"log"
	"os"
	"syscall"
)

//go:embed program.gz
var packed []byte

const unpacked = "/unpacked"

func main() {
	if err := unpack(); err != nil {
		log.Fatal(err)
	}
	log.Fatal(syscall.Exec(unpacked, []string{unpacked}, os.Environ()))
}

func unpack() error {
	program, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(unpacked, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, program); err != nil {
		return err
	}
	return file.Close()
}
