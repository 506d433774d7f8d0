package deploy

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestSystemdUnit(t *testing.T) {
	edge, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	// systemd-analyze wants to see the program; it is not installed here.
	const installed = "/usr/local/bin/edge"
	text := read(t, deployed("systemd", "edge.service"))
	if !bytes.Contains(text, []byte("ExecStart="+installed+" run -c /etc/edge/edge.yaml\n")) {
		t.Errorf("ExecStart does not run %s", installed)
	}
	dir := t.TempDir()
	unit, socket := filepath.Join(dir, "edge.service"), filepath.Join(dir, "edge.socket")
	if err := os.WriteFile(unit, bytes.ReplaceAll(text, []byte(installed), []byte(edge)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(socket, read(t, deployed("systemd", "edge.socket")), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "systemd-analyze", "verify", "--man=no", unit, socket)
	// From 0 (confined) to 100 (exposed).
	run(t, "", "systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
}
