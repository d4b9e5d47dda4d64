package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bestbox/internal/programtest"
)

// An agent of a company's own needs its folder and nothing else: every command knows it, and so does who asks over HTTP.
func TestAnAgentOfAFolderIsKnownEverywhere(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	folder := t.TempDir()
	for name, files := range map[string]map[string]string{
		"quality_lab": {"agent.yaml": "name: quality_lab\ndescription: test reports, samples and gauges\ntools: [find_document, create_ticket]\n", "prompt.md": "You know the quality laboratory.\n",
			"routing.csv": "text\nDid batch 7 pass the salt spray test?\nWhich samples of batch 12 failed?\n"},
		"hr_zh": {"agent.yaml": "name: hr_zh\ndescription: 招聘、培训与考勤\ntools: [get_leave_balance]\n", "prompt.md": "你是公司的人事助理。\n", "routing.csv": "text\n新员工什么时候培训？\n下周有哪些面试？\n"},
	} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		for file, content := range files {
			i.write(filepath.Join(folder, name, file), content)
		}
	}
	i.change("profile: small", fmt.Sprintf("agents: {folder: %q}\nprofile: small", folder))
	for command, wants := range map[string][]string{
		"agents":                  {"quality_lab", "QualityLabAgent", "test reports, samples and gauges", "hr_zh", "招聘、培训与考勤"},
		"agents quality_lab":      {"find_document", "create_ticket  always"},
		"agents --json":           {`"name":"quality_lab"`, `"name":"hr_zh"`},
		"__complete agents":       {"quality_lab\n", "hr_zh\n"},
		"__complete ask --domain": {"quality_lab\n", "hr_zh\n"},
		"route":                   {"quality_lab", "hr_zh"}, // without a model: there is none
		"prefixes":                {"heavy  agent quality_lab", "heavy  agent hr_zh"},
	} {
		arguments := strings.Fields(command)
		switch arguments[0] {
		case "__complete":
			arguments = append(arguments, "")
		case "route":
			arguments = append(arguments, "Did batch 7 pass the salt spray test?", "新员工什么时候培训？")
		}
		left := i.worker(arguments...)
		for _, want := range wants {
			if left.code != 0 || !strings.Contains(left.stdout, want) && !strings.Contains(strings.ReplaceAll(left.stdout, `\n`, "\n"), want) {
				t.Errorf("worker %s: %+v, want %s", command, left, want)
			}
		}
	}
	process := i.start(i.command("run"))
	i.says(process, `"msg":"listening"`)
	if got := i.get("/v1/agents"); !strings.Contains(got, `"workflow":"QualityLabAgent"`) || !strings.Contains(got, "招聘、培训与考勤") {
		t.Errorf("over HTTP: %s", got)
	}
}
