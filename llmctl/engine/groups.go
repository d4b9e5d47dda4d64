package engine

import (
	"bufio"
	"io/fs"
	"strings"
)

// gpuGroups own /dev/dri and /dev/kfd on the common distributions.
var gpuGroups = []string{"video", "render"}

// GPUGroups returns the numbers that the groups of graphics devices have on this machine, as text. Inside an image the same names have
// other numbers or none, so a container gets the numbers. root is the machine's root folder. A group that does not exist is left out.
func GPUGroups(root fs.FS) ([]string, error) {
	file, err := root.Open("etc/group")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if fields := strings.Split(lines.Text(), ":"); len(fields) >= 3 { // name:password:number:members, see group(5)
			found[fields[0]] = fields[2]
		}
	}
	var numbers []string
	for _, name := range gpuGroups {
		if number, ok := found[name]; ok {
			numbers = append(numbers, number)
		}
	}
	return numbers, lines.Err()
}
