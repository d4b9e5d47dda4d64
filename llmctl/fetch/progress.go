package fetch

import "io"

// Progress is told what a Fetcher does. Its two implementations are bars on a terminal and plain lines elsewhere.
type Progress interface {
	// Start begins a piece of work of total bytes, or of 100 percent when total is Percent; 0: unknown.
	Start(name string, total int64) Task
	// Say passes one line on to the user.
	Say(line string)
}

// Task is a piece of work under way. Its methods may be called from one goroutine at a time.
type Task interface {
	// Set says how much is done, counted from the beginning. What an earlier run had done is set before the first Add.
	Set(done int64)
	Add(more int)
	// Done ends the task, finished or not.
	Done(finished bool)
}

type silent struct{}

func (silent) Set(int64) {}
func (silent) Add(int)   {}
func (silent) Done(bool) {}

// counted reports what is read.
type counted struct {
	io.Reader
	task Task
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.task.Add(n)
	return n, err
}

// Percent is the total of a task that is counted in hundredths, such as a build.
const Percent = 100
