// Command bare is a net/http server with an httputil.ReverseProxy and nothing
// else: what a miss costs at least in a proxy that is built on them. Its
// transport is tuned as edge's is.
//
//	bare -listen 127.0.0.1:0 -origin http://127.0.0.1:3000
//
// prints its address as one line.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	origin := flag.String("origin", "", "`URL` of the origin")
	flag.Parse()
	if err := run(*listen, *origin); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(listen, origin string) error {
	to, err := url.Parse(origin)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, newProxy(to))
}

// newProxy returns the proxy: a pool of connections as large as the load wants,
// no compression of its own, buffers used again.
func newProxy(to *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.SetURL(to)
			pr.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConns:        0,
			MaxIdleConnsPerHost: 1024,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
		BufferPool: new(buffers),
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}

const bufferBytes = 32 << 10

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferBytes]byte); ok {
		return p[:]
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(p []byte) { b.pool.Put((*[bufferBytes]byte)(p)) }
