// Package postgrestest starts a PostgreSQL server for tests, from Debian's packages, in a
// folder of its own and on a socket of its own. Only tests import it.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hufu-id/hufu/internal/limits"
	"github.com/hufu-id/hufu/legible"
)

// Server is a running server.
type Server struct {
	folder, bin string
	credential  *syscall.Credential
	databases   atomic.Int64
}

// Main runs the tests of a package, and removes the server that they started.
func Main(m *testing.M) int {
	code := m.Run()
	if running != nil {
		if err := errors.Join(running.Kill(), os.RemoveAll(running.folder)); err != nil {
			legible.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// Start returns a server that ends with the last test of the package, whose TestMain calls
// Main. A test is skipped where PostgreSQL is not installed, and fails with
// HUFU_REQUIRE_ALL=1.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	switch {
	case err != nil && os.Getenv("HUFU_REQUIRE_ALL") == "1":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
	return s
}

// running is the server of this process, nil before the first test that needs it.
var running *Server

var start = sync.OnceValues(func() (*Server, error) {
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return nil, fmt.Errorf("PostgreSQL is not installed")
	}
	s := &Server{bin: bins[len(bins)-1]}
	var err error
	if s.folder, err = os.MkdirTemp("", "hufu-postgres-"); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 { // which PostgreSQL refuses
		if err := s.give(); err != nil {
			return nil, err
		}
	}
	if _, err := s.run("initdb", "-D", s.data(), "-U", "hufu", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8"); err != nil {
		return nil, err
	}
	running = s
	return s, s.Run()
})

// give makes the folder that of the user postgres.
func (s *Server) give() error {
	owner, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.ParseUint(owner.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(owner.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("user postgres has no number")
	}
	s.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.folder, int(uid), int(gid))
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.folder
	// The server ends with this process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func (s *Server) run(name string, args ...string) (string, error) {
	out, err := s.command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return string(out), nil
}

// Run starts the server, also after Kill, and returns when it answers.
func (s *Server) Run() error {
	cmd := s.command("postgres", "-D", s.data(), "-k", s.folder, "-c", "listen_addresses=", "-c", "max_connections=200")
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	started := make(chan error)
	go func() {
		// The server ends with the thread that started it.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	for range 300 {
		if _, err = s.run("pg_isready", "-h", s.folder, "-q"); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// Kill stops the server as a power failure of its process would: connections break, and
// nothing is written any more.
func (s *Server) Kill() error {
	text, err := limits.ReadFile(filepath.Join(s.data(), "postmaster.pid"), 4096)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if _, err := s.run("pg_ctl", "stop", "-D", s.data(), "-m", "immediate", "-w"); err != nil {
		return err
	}
	if err := syscall.Kill(pid, 0); err == nil {
		return fmt.Errorf("the server still runs")
	}
	return nil
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	conn, err := pgx.Connect(context.Background(), s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

func (s *Server) address(name string) string {
	return fmt.Sprintf("host=%s user=hufu dbname=%s", s.folder, name)
}
