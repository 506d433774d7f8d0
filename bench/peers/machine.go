package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine describes the machine without saying which one it is.
func machine() string {
	return fmt.Sprintf("%d cores (%s), %s of memory, Linux %s, %s; no load but this one, all traffic on the loopback",
		runtime.NumCPU(), field("/proc/cpuinfo", "model name"), gib(field("/proc/meminfo", "MemTotal")), kernel(), system())
}

// field returns what stands behind the colon of the first line that begins with
// name.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func gib(text string) string {
	bytes, err := parseKiB(text)
	if err != nil {
		return text
	}
	return fmt.Sprintf("%.0f GiB", float64(bytes)/(1<<30))
}

// parseKiB reads a size as /proc/meminfo has it, and returns bytes.
func parseKiB(text string) (int64, error) {
	var kib int64
	_, err := fmt.Sscanf(text, "%d kB", &kib)
	return kib << 10, err
}

// freeMemory is how many bytes of memory programs could have; 0 where that is not told.
func freeMemory() int64 {
	bytes, err := parseKiB(field("/proc/meminfo", "MemAvailable"))
	if err != nil {
		return 0
	}
	return bytes
}

func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(text)), "-")
	return version
}

func system() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "unknown system"
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"`)
		}
	}
	return "unknown system"
}

// versions are the programs that take part and what they say of themselves.
func versions() [][2]string {
	return [][2]string{
		{"go", runtime.Version()},
		{"nginx", strings.TrimPrefix(firstLine("/usr/sbin/nginx", "-v"), "nginx version: ")},
		{"haproxy", firstLine("/usr/sbin/haproxy", "-v")},
		{"varnish", firstLine("/usr/sbin/varnishd", "-V")},
		{"trafficserver", firstLine("traffic_server", "--version")},
		{"wrk", firstLine("wrk", "-v")},
		{"h2load", firstLine("h2load", "--version")},
	}
}
