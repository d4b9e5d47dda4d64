package doctor

import (
	"encoding/json"
	"os"
	"path/filepath"

	"bestbox/llmctl/catalogue"
	"bestbox/llmctl/fetch"
)

// ReadArtefacts compares artefacts of the catalogue with their records in the cache, by size and time: hashing gigabytes is what llmctl pull
// is for. The records are returned by name.
func ReadArtefacts(cache string, wanted []catalogue.Artefact) ([]Artefact, map[string]fetch.Record) {
	var all []Artefact
	records := map[string]fetch.Record{}
	for _, w := range wanted {
		a := Artefact{Name: w.Name, Kind: w.Kind}
		for _, file := range w.Files {
			a.Bytes += file.Size
		}
		var record fetch.Record
		content, err := os.ReadFile(filepath.Join(cache, "lock", w.Name+".json"))
		if err == nil && json.Unmarshal(content, &record) == nil && record.Kind == w.Kind {
			a.Loaded, a.Bytes, records[w.Name] = true, record.Size(), record
			a.compare(cache, record)
		}
		all = append(all, a)
	}
	return all, records
}

func (a *Artefact) compare(cache string, record fetch.Record) {
	folder := record.Folder
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(cache, folder)
	}
	for _, file := range record.Files {
		info, err := os.Stat(filepath.Join(folder, file.Name))
		switch {
		case err != nil:
			a.Missing = append(a.Missing, file.Name)
		case info.Size() != file.Size:
			a.Resized = append(a.Resized, file.Name)
		case info.ModTime().UnixNano() != file.Modified:
			a.Touched = append(a.Touched, file.Name)
		}
	}
}
