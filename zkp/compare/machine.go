package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// writeMachine says where, with what and when the figures were measured.
func writeMachine(w io.Writer, rounds int, npm map[string]string) {
	fmt.Fprintf(w, "%s; %d cores used of %d; %s/%s; %s; %d pairs each; %s.\n", processor(), runtime.GOMAXPROCS(0),
		runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), rounds, time.Now().Format(time.DateOnly))
	var versions []string
	for name, version := range npm {
		versions = append(versions, name+" "+version)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if strings.HasSuffix(m.Path, "/gabi") || strings.HasPrefix(m.Path, "github.com/consensys/") {
				versions = append(versions, m.Path+" "+m.Version)
			}
		}
	}
	slices.Sort(versions)
	fmt.Fprintln(w, strings.Join(versions, ", ")+".")
}

// processor is the CPU's name where the system tells it.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}
