package programs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Build builds programs of this repository, such as bestbox/worker, by `go build` with these arguments.
func Build(packages []string, arguments ...string) error {
	if output, err := exec.Command("go", append(append([]string{"build"}, arguments...), packages...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s (in a folder of the repository): %w\n%s", strings.Join(packages, " "), err, output)
	}
	return nil
}

// Look looks at each file that programs of this repository are made from, so that `go test` runs a test of them again when one has changed, and does not take
// an older result for it. It has to be called in a test: what TestMain looks at before its Run does not count.
func Look(packages ...string) error {
	const files = `{{if .Module}}{{if .Module.Main}}{{$folder := .Dir}}{{.Module.GoMod}}{{"\n"}}` +
		`{{range .GoFiles}}{{$folder}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$folder}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	command := exec.Command("go", append([]string{"list", "-deps", "-f", files}, packages...)...)
	var problem bytes.Buffer
	command.Stderr = &problem
	listed, err := command.Output()
	if err != nil {
		return fmt.Errorf("list what %s is made from: %w\n%s", strings.Join(packages, " "), err, problem.Bytes())
	}
	var missing []error
	for file := range strings.FieldsFuncSeq(string(listed), func(sign rune) bool { return sign == '\n' }) {
		_, err := os.Stat(file)
		missing = append(missing, err)
	}
	return errors.Join(missing...)
}
