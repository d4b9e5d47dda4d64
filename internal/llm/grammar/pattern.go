package grammar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// checkPattern says why the server cannot make a grammar of a regular expression that means the same. It reads the subset that comes out right:
// letters, digits and signs, classes, groups, alternatives and repetitions, between ^ and $.
func checkPattern(pattern string) error {
	inner, hasStart := strings.CutPrefix(pattern, "^")
	inner, hasEnd := strings.CutSuffix(inner, "$")
	if !hasStart || !hasEnd || strings.HasSuffix(inner, `\`) {
		return errors.New("the server takes a pattern only from ^ to $")
	}
	p := &patternReader{rest: inner}
	if err := p.alternatives(); err != nil {
		return err
	}
	if p.rest != "" {
		return errors.New("a ) closes nothing")
	}
	return nil
}

// patternReader reads a regular expression from its front.
type patternReader struct {
	rest  string
	depth int
}

// next takes the next sign, or 0 at the end.
func (p *patternReader) next() rune {
	sign, size := utf8.DecodeRuneInString(p.rest)
	if size == 0 {
		return 0
	}
	p.rest = p.rest[size:]
	return sign
}

func (p *patternReader) alternatives() error {
	if p.depth++; p.depth > maxDepth {
		return errors.New("its groups are nested too deeply")
	}
	defer func() { p.depth-- }()
	for {
		if err := p.sequence(); err != nil {
			return err
		}
		if !strings.HasPrefix(p.rest, "|") {
			return nil
		}
		p.next()
	}
}

// sequence reads up to an end, a | or a ).
func (p *patternReader) sequence() error {
	if p.rest == "" || p.rest[0] == '|' || p.rest[0] == ')' {
		return errors.New("a part of it is empty")
	}
	for p.rest != "" && p.rest[0] != '|' && p.rest[0] != ')' {
		repeatable, err := p.atom()
		if err != nil {
			return err
		}
		if err := p.repetition(repeatable); err != nil {
			return err
		}
	}
	return nil
}

// atom reads one sign, class or group. An escaped sign must not be repeated, since the server repeats what stands before it too, and one outside of ASCII
// neither: the server repeats its last byte.
func (p *patternReader) atom() (repeatable bool, err error) {
	switch sign := p.next(); sign {
	case '(':
		return true, p.group()
	case '[':
		return true, p.class()
	case '.':
		return false, errors.New(`. also means the signs " and \, which end or break a JSON text; allowed: a class such as [a-z0-9 ]`)
	case '^', '$':
		return false, fmt.Errorf("%c stands in the middle; allowed: at the beginning and the end", sign)
	case '*', '+', '?', '{':
		return false, fmt.Errorf("%c repeats nothing", sign)
	case ']', '}':
		return false, fmt.Errorf(`%c closes nothing, and the server never comes to an end with it; write \%c`, sign, sign)
	case '\\':
		return false, p.escape()
	case '"':
		return false, errors.New(`the sign " ends a JSON text`)
	default:
		if sign < ' ' || sign == 0x7f || sign == utf8.RuneError {
			return false, fmt.Errorf("%q is a control character, or no UTF-8", sign)
		}
		return sign < utf8.RuneSelf, nil
	}
}

func (p *patternReader) escape() error {
	if sign := p.next(); !strings.ContainsRune(`^$.[]()|{}*+?`, sign) {
		return fmt.Errorf(`\%c is not known to the server; write a class such as [0-9] for \d`, sign)
	}
	return nil
}

func (p *patternReader) group() error {
	if after, isPlain := strings.CutPrefix(p.rest, "?:"); isPlain {
		p.rest = after
	}
	if strings.HasPrefix(p.rest, "?") {
		return errors.New("the server leaves out what begins with (?, such as a look-ahead")
	}
	if err := p.alternatives(); err != nil {
		return err
	}
	if p.next() != ')' {
		return errors.New("a ( is not closed")
	}
	return nil
}

// class reads up to ]. What a class allows must be able to stand in a JSON text as it is.
func (p *patternReader) class() error {
	if strings.HasPrefix(p.rest, "^") {
		return errors.New(`a class that begins with ^ allows the signs " and \, which end or break a JSON text; allowed: one that lists what is meant`)
	}
	if strings.HasPrefix(p.rest, "]") {
		return errors.New("a class is empty")
	}
	for !strings.HasPrefix(p.rest, "]") {
		low, err := p.member()
		if err != nil {
			return err
		}
		high := low
		if len(p.rest) > 1 && p.rest[0] == '-' && p.rest[1] != ']' {
			p.next()
			if high, err = p.member(); err != nil {
				return err
			}
		}
		if unfit := func(sign rune) bool { return low <= sign && sign <= high }; low < ' ' || high < low || unfit('"') || unfit('\\') || unfit(0x7f) {
			return fmt.Errorf(`the class from %q to %q holds ", \ or a control character, or is the wrong way round`, low, high)
		}
	}
	p.next()
	return nil
}

// member reads one sign of a class. The server's grammar knows no escapes but those of brackets and -.
func (p *patternReader) member() (rune, error) {
	sign := p.next()
	if sign == 0 || sign == utf8.RuneError {
		return 0, errors.New("a [ is not closed")
	}
	if sign != '\\' {
		return sign, nil
	}
	if sign = p.next(); !strings.ContainsRune("[]-", sign) {
		return 0, fmt.Errorf(`\%c is not known to the server inside of a class; write a range such as 0-9 for \d`, sign)
	}
	return sign, nil
}

// repetition reads what may follow an atom.
func (p *patternReader) repetition(repeatable bool) error {
	if p.rest == "" || !strings.ContainsRune("*+?{", rune(p.rest[0])) {
		return nil
	}
	if !repeatable {
		return errors.New(`the server repeats more than an escaped sign, and less than one outside of ASCII; write it as a class, such as [.]`)
	}
	if p.next() == '{' {
		inner, after, closed := strings.Cut(p.rest, "}")
		if !closed {
			return errors.New("a { is not closed")
		}
		if err := checkCounts(inner); err != nil {
			return err
		}
		p.rest = after
	}
	if p.rest != "" && strings.ContainsRune("*+?{", rune(p.rest[0])) {
		return errors.New("a repetition is repeated, or lazy; allowed: one of * + ? {1,5}")
	}
	return nil
}

// checkCounts checks what stands between { and }: 3, or 3, or 3,5.
func checkCounts(inner string) error {
	low, high, ranged := strings.Cut(inner, ",")
	least, err := strconv.Atoi(low)
	most := least
	if err == nil && ranged && high != "" {
		most, err = strconv.Atoi(high)
	}
	if err != nil || least < 0 || most < least || most > maxRepetitions {
		return fmt.Errorf("{%s} is no repetition the server counts; allowed: {3}, {3,} and {3,5}, up to %d", inner, maxRepetitions)
	}
	return nil
}
