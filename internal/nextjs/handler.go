package nextjs

import (
	"errors"
	"net/http"
	"slices"
)

// methodNames are what a Route Handler may export, in the order of Next.js.
var methodNames = []string{
	http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch,
}

// handlerCode is what the source of a Route Handler says.
type handlerCode struct {
	file    string
	methods map[string]*methodCode
	// config are the exports that Next.js reads before it runs anything.
	config map[string]configValue
	// params is true when generateStaticParams is exported.
	params   bool
	warnings []Warning
	// unreadable is why nothing is known; nil when the source was read.
	unreadable error
}

// methodCode is one exported method.
type methodCode struct {
	at      Position
	reads   []Read
	effects []Effect
}

// configValue is an exported constant. When known is false its value is
// computed.
type configValue struct {
	text  string // as a string or as it is written
	known bool
	at    Position
}

// configNames are the exports that decide how a handler is cached.
var configNames = []string{"dynamic", "revalidate", "dynamicParams", "fetchCache", "runtime"}

// readHandler reads the source of a Route Handler.
func readHandler(s *sources, file string, major int) *handlerCode {
	h := &handlerCode{file: file, methods: map[string]*methodCode{}, config: map[string]configValue{}}
	m, err := s.parse(file)
	if err != nil {
		h.unreadable = err
		return h
	}
	in := newInterp(s, major)
	for _, name := range methodNames {
		if !in.exports(m, name, 0) {
			continue
		}
		code := runMethod(s, m, name, major)
		code.at = m.exportPosition(name)
		h.methods[name] = code.methodCode
		h.warnings = append(h.warnings, code.warnings...)
	}
	if len(h.methods) == 0 && len(m.exports) == 0 && len(m.stars) == 0 {
		h.unreadable = errors.New("it exports nothing as ES modules do")
	}
	h.readConfig(s, m, major)
	slices.SortFunc(h.warnings, compareWarnings)
	h.warnings = slices.Compact(h.warnings)
	return h
}

// methodRun is what running a method has shown.
type methodRun struct {
	*methodCode
	warnings []Warning
}

// runMethod runs one exported method on a request that nothing is known of.
func runMethod(s *sources, m *module, name string, major int) methodRun {
	in := newInterp(s, major)
	in.method = name
	handler := site{node: m}
	rec, ended := in.run(func() {
		in.module, in.cursor = m, 0
		v := in.export(m, name, 0)
		in.cursor = max(0, m.exportOffset(name))
		args := arguments{list: []value{{requestData}, {contextData}}}
		in.checkResponse(in.call(v, nothing, args, handler, in.load(m)), m, name)
	})
	if !ended {
		in.module, in.cursor = m, max(0, m.exportOffset(name))
		in.rec = rec
		in.readAll(requestData, "the code is too much to follow")
	}
	run := methodRun{methodCode: &methodCode{reads: rec.sortedReads(), effects: rec.sortedEffects()}}
	for w := range rec.warnings {
		run.warnings = append(run.warnings, w)
	}
	return run
}

// readConfig reads the constants that Next.js reads.
func (h *handlerCode) readConfig(s *sources, m *module, major int) {
	in := newInterp(s, major)
	for _, name := range configNames {
		if !in.exports(m, name, 0) {
			continue
		}
		var v value
		in.run(func() {
			in.module, in.cursor = m, 0
			v = in.export(m, name, 0)
		})
		text, known := v.name()
		h.config[name] = configValue{text, known, m.exportPosition(name)}
	}
	h.params = in.exports(m, "generateStaticParams", 0)
}

// exportOffset is where an export is declared, or named.
func (m *module) exportOffset(name string) int {
	local := name
	if e, ok := m.exports[name]; ok && e.local != "" {
		local = e.local
	}
	for _, v := range m.ast.Scope.Declared {
		if string(v.Data) == local {
			if at := m.offset(v.Data); at >= 0 {
				return at
			}
		}
	}
	return m.find(name, 0)
}

func (m *module) exportPosition(name string) Position { return m.position(m.exportOffset(name)) }
