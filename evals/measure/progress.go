package measure

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress tells every outcome in a line, and how much is left: by a bar on a terminal, in the lines elsewhere.
type progress struct {
	out        io.Writer
	bars       *mpb.Progress // nil where no terminal can show one
	bar        *mpb.Bar
	began      time.Time
	asked, all int
}

func newProgress(out io.Writer, all int) *progress {
	p := &progress{out: out, began: time.Now(), all: all}
	file, ok := out.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) || all == 0 {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(48), mpb.WithAutoRefresh())
	p.bar = p.bars.AddBar(int64(all), mpb.PrependDecorators(decor.CountersNoUnit("%d of %d ")),
		mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left")))
	p.out = p.bars
	return p
}

func (p *progress) say(score *Score) {
	line := fmt.Sprintf("%-5s  %s/%s", score.verdict(), score.Group, score.Row)
	if score.Way != "" {
		line += " by " + score.Way
	}
	line += fmt.Sprintf(" (%.1f s)", score.Seconds)
	if !score.Right && score.Wrong != "" {
		line += ": " + score.Wrong
	}
	fmt.Fprintln(p.out, line)
}

// done counts a row.
func (p *progress) done() {
	p.asked++
	if p.bar != nil {
		p.bar.Increment()
		return
	}
	left := time.Since(p.began) / time.Duration(p.asked) * time.Duration(p.all-p.asked)
	fmt.Fprintf(p.out, "       %d of %d, about %s left\n", p.asked, p.all, left.Round(time.Second))
}

// close takes the bar away, if it has not come to its end.
func (p *progress) close() {
	if p.bar != nil {
		p.bar.Abort(false)
		p.bars.Wait()
	}
}
