package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
)

func TestTLSWorksOnceTheLabAuthorityIsTrusted(t *testing.T) {
	var printed bytes.Buffer
	if err := printLabAuthority(&printed); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(printed.Bytes()) {
		t.Fatalf("no certificate in %s", printed.Bytes())
	}
	said, err := fetchOverTLS(context.Background(), roots)
	if err != nil || !strings.Contains(said, "hello") {
		t.Errorf("%q, %v", said, err)
	}
}

func TestTLSFailsWithNoAuthorities(t *testing.T) {
	_, err := fetchOverTLS(context.Background(), x509.NewCertPool())
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
}

func TestAuthorityCertificateIsTheSameEveryTime(t *testing.T) {
	first, err := labAuthority()
	if err != nil {
		t.Fatal(err)
	}
	second, err := labAuthority()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("differs, %v", err)
	}
}
