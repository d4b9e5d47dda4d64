package fetch

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/engine"
	"bestbox/llmctl/engine/enginetest"
)

var update = flag.Bool("update", false, "write the recorded requests anew")

const (
	repository = "ghcr.io/ggml-org/llama.cpp"
	tag        = "server-rocm-b11434"
	otherBuild = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// rocmImage is the catalogue's own entry.
func rocmImage(t *testing.T) catalogue.Artefact {
	t.Helper()
	shipped, err := catalogue.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	artefact, err := shipped.Get("llama-server-rocm")
	if err != nil {
		t.Fatal(err)
	}
	return artefact
}

// recordingProgress keeps what it is told.
type recordingProgress struct {
	mutex sync.Mutex
	lines []string
}

func (p *recordingProgress) Say(line string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.lines = append(p.lines, line)
}

func (p *recordingProgress) Start(name string, total int64) Task {
	return &recordingTask{p, fmt.Sprintf("%s of %d", name, total)}
}

func (p *recordingProgress) String() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return strings.Join(p.lines, "\n")
}

type recordingTask struct {
	p    *recordingProgress
	name string
}

func (t *recordingTask) Set(done int64)     { t.p.Say(fmt.Sprintf("%s: %d", t.name, done)) }
func (t *recordingTask) Add(int)            {}
func (t *recordingTask) Done(finished bool) { t.p.Say(fmt.Sprintf("%s: %t", t.name, finished)) }

// registryFetcher fetches through a fake engine whose registry knows the catalogue's tag.
func registryFetcher(t *testing.T) (*Fetcher, *enginetest.FakeEngine, *recordingProgress) {
	t.Helper()
	fake := enginetest.NewFakeEngine(t, tag)
	docker, err := engine.ConnectTo(t.Context(), fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { docker.Close() })
	told := &recordingProgress{}
	f := New(t.TempDir(), told)
	f.Engine = docker
	return f, fake, told
}

func TestTagIsResolvedToADigestAndRecorded(t *testing.T) {
	t.Parallel()
	f, fake, told := registryFetcher(t)
	artefact := rocmImage(t)
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil {
		t.Fatal(err)
	}
	if want := repository + "@" + enginetest.Digest; record.Image.Reference() != want || record.Hash() != strings.TrimPrefix(enginetest.Digest, "sha256:") {
		t.Errorf("got %+v; want %s", record.Image, want)
	}
	if loaded, ok := f.Loaded(artefact); !ok || *loaded.Image != *record.Image {
		t.Errorf("the lock file says %+v, %t", loaded, ok)
	}
	for _, want := range []string{"aaaaaaaaaaaa of 1000: 1000", "aaaaaaaaaaaa of 1000: true", "bbbbbbbbbbbb of 70: 50", "loaded from " + repository} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("the user was not told %q:\n%s", want, told)
		}
	}
	fake.CheckRecording(t, filepath.Join("testdata", "pull.json"), *update)
}

func TestRecordedDigestIsUsedAfterTheTagHasMoved(t *testing.T) {
	t.Parallel()
	f, fake, _ := registryFetcher(t)
	artefact := rocmImage(t)
	if _, err := f.Fetch(t.Context(), artefact); err != nil {
		t.Fatal(err)
	}
	fake.Forget()
	fake.Publish(tag, otherBuild)
	if _, ok := f.Loaded(artefact); ok {
		t.Error("an image that the engine has lost is said to be there")
	}
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil || record.Image.Digest != repository+"@"+enginetest.Digest {
		t.Errorf("got %+v, %v", record.Image, err)
	}
}

func TestDigestOfTheCatalogueWins(t *testing.T) {
	t.Parallel()
	f, fake, _ := registryFetcher(t)
	artefact := rocmImage(t)
	if _, err := f.Fetch(t.Context(), artefact); err != nil {
		t.Fatal(err)
	}
	fake.Publish("elsewhere", otherBuild)
	artefact.Sources[0].Digest = otherBuild
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil || record.Image.Digest != repository+"@"+otherBuild {
		t.Errorf("got %+v, %v", record.Image, err)
	}
}

func TestNewTagOfTheCatalogueIsPulled(t *testing.T) {
	t.Parallel()
	f, fake, _ := registryFetcher(t)
	artefact := rocmImage(t)
	if _, err := f.Fetch(t.Context(), artefact); err != nil {
		t.Fatal(err)
	}
	fake.Publish("server-rocm-b12000", otherBuild)
	artefact.Sources[0].Tag = "server-rocm-b12000"
	record, err := f.Fetch(t.Context(), artefact)
	if err != nil || record.Image.Digest != repository+"@"+otherBuild {
		t.Errorf("got %+v, %v", record.Image, err)
	}
}

func TestImageThatIsHereServesWithoutItsRegistry(t *testing.T) {
	t.Parallel()
	f, fake, _ := registryFetcher(t)
	artefact := rocmImage(t)
	if _, err := f.Fetch(t.Context(), artefact); err != nil {
		t.Fatal(err)
	}
	fake.Disconnect()
	told := &recordingProgress{}
	elsewhere := New(t.TempDir(), told) // a cache without a record
	elsewhere.Engine = f.Engine
	record, err := elsewhere.Fetch(t.Context(), artefact)
	if err != nil || record.Image.Digest != repository+"@"+enginetest.Digest || !strings.Contains(told.String(), "using the image that is here") {
		t.Errorf("got %+v, %v; told %s", record.Image, err, told)
	}
}

func TestUnreachableRegistryAndMissingArchiveAreBothNamed(t *testing.T) {
	t.Parallel()
	f, fake, _ := registryFetcher(t)
	fake.Disconnect()
	_, err := f.Fetch(t.Context(), rocmImage(t))
	if err == nil {
		t.Fatal("loaded from nowhere")
	}
	for _, want := range []string{"no such host", filepath.Join(f.Cache, "images", "llama-server-rocm.tar") + " does not exist", "docker save"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
