package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"text/template"
)

// setup is a peer with what it is to do; servers with the same one are shared.
type setup struct {
	peer     string
	cores    cores
	log      bool // write an access log in JSON
	tls      bool // HTTP/2 over TLS
	sendfile bool // of NGINX
	netHTTP  bool // edge without its fast hits
	storeMiB int  // 0 for usual
}

// usualStoreMiB is what a store may take when that is not what is measured.
const usualStoreMiB = 3 << 10

// values are what the templates of configurations are filled with.
type values struct {
	Dir, User, Group                  string
	Listen, Host, Port, ListenTLS     string
	Origin, OriginHost, OriginPort    string
	Cores, Files, OpenFiles, StoreMiB int
	Log                               string // a file; empty for no log
	Sendfile, NetHTTP                 bool
	TLS                               *tlsFiles
	LimitBody                         string
}

// launch starts the programs of a peer, whose configuration is in v.Dir. It
// fills in what it learns: addresses, processes.
type launch func(b *bench, s setup, v *values, to *server) error

// launches are the peers.
var launches = map[string]launch{
	"edge":          launchEdge,
	"nginx":         launchNginx,
	"haproxy":       launchHaproxy,
	"varnish":       launchVarnish,
	"trafficserver": launchTrafficServer,
	"bare":          launchBare,
	"floor":         launchFloor,
}

// start starts a peer and waits until it answers. The caller must stop it.
func (b *bench) start(s setup) (_ *server, err error) {
	to := &server{peer: s.peer}
	if to.dir, err = os.MkdirTemp(b.dir, s.peer+"-"); err != nil {
		return nil, err
	}
	v, err := b.values(s, to)
	if err == nil {
		err = launches[s.peer](b, s, v, to)
	}
	if err == nil {
		err = to.ready()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.peer, err), to.stop())
	}
	return to, nil
}

func (b *bench) values(s setup, to *server) (_ *values, err error) {
	v := &values{Dir: to.dir, Origin: b.address, Cores: s.cores.count, Sendfile: s.sendfile, NetHTTP: s.netHTTP, StoreMiB: s.storeMiB}
	if v.StoreMiB == 0 {
		v.StoreMiB = usualStoreMiB
	}
	v.Files = openFiles() * 9 / 10
	v.OpenFiles = v.Files * 8 / 10 // what is left is for connections
	v.LimitBody = string(limitTarget.AppendBody(nil, ""))
	if u, err := user.Current(); err == nil {
		v.User = u.Username
		if g, err := user.LookupGroupId(u.Gid); err == nil {
			v.Group = g.Name
		}
	}
	if to.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	v.Listen = to.addr
	v.Host, v.Port, _ = net.SplitHostPort(to.addr)
	v.OriginHost, v.OriginPort, _ = net.SplitHostPort(b.address)
	if s.log {
		to.log = filepath.Join(to.dir, "access.log")
		v.Log = to.log
	}
	if s.tls {
		v.TLS = &b.tls
		to.tls, err = freeAddr()
		v.ListenTLS = to.tls
	}
	return v, err
}

// render fills in a template of conf and writes it to a file.
func (v *values) render(name, file string) error {
	t, err := template.New(name).Option("missingkey=error").ParseFS(files, "conf/"+name)
	if err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return t.Execute(f, v)
}
