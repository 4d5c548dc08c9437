package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

// The lab's own TLS server and the authority that vouches for it, so that /https needs no network.
//
// Both keys are made from public text, so they protect nothing and must never be trusted outside a
// lesson. In return the authority's certificate is the same in every build, and no key is stored.

func labKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("no secret: " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// labAuthority returns the authority's certificate in DER form.
func labAuthority() ([]byte, error) {
	template := labAuthorityTemplate()
	key := labKey("lab authority")
	return x509.CreateCertificate(nil, template, template, key.Public(), key)
}

func labAuthorityTemplate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "FROM scratch lab authority: protects nothing"},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		// It can vouch for this machine itself and for nothing else.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
	}
}

func labServerCertificate() (tls.Certificate, error) {
	authority, err := labAuthority()
	if err != nil {
		return tls.Certificate{}, err
	}
	key := labKey("lab server")
	leaf, err := x509.CreateCertificate(nil, &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "localhost"},
		DNSNames:     []string{"localhost"},
		NotBefore:    labAuthorityTemplate().NotBefore,
		NotAfter:     labAuthorityTemplate().NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, labAuthorityTemplate(), key.Public(), labKey("lab authority"))
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{leaf, authority}, PrivateKey: key}, nil
}

func printLabAuthority(to io.Writer) error {
	authority, err := labAuthority()
	if err != nil {
		return err
	}
	return pem.Encode(to, &pem.Block{Type: "CERTIFICATE", Bytes: authority})
}

// startLabServer listens on a free port of this machine and returns its address. It is started once
// and runs as long as the process.
var startLabServer = sync.OnceValues(func() (string, error) {
	certificate, err := labServerCertificate()
	if err != nil {
		return "", err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate},
		MinVersion:   tls.VersionTLS13,
	})
	if err != nil {
		return "", err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "hello over TLS")
		}),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { log.Printf("lab TLS server ended: %v", server.Serve(listener)) }()
	return listener.Addr().String(), nil
})

// askOverTLS makes an outgoing HTTPS request whose certificate is checked against the
// authorities that this system trusts.
func askOverTLS(w http.ResponseWriter, r *http.Request) {
	said, err := fetchOverTLS(r.Context(), nil)
	if err != nil {
		reply(w, http.StatusInternalServerError, failure{err.Error()})
		return
	}
	reply(w, http.StatusOK, struct {
		Said string `json:"said"`
	}{said})
}

// fetchOverTLS trusts roots, or the system's authorities when roots is nil.
func fetchOverTLS(ctx context.Context, roots *x509.CertPool) (string, error) {
	address, err := startLabServer()
	if err != nil {
		return "", err
	}
	// The name is for the certificate only: an empty image has no /etc/hosts to find it in.
	dialer := &tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 3 * time.Second},
		Config:    &tls.Config{RootCAs: roots, ServerName: "localhost", InsecureSkipVerify: true, MinVersion: tls.VersionTLS13},
	}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return ask(connection, "/")
}
