package main

import "edge/internal/nextjs"

// imported is what import nextjs found, for programs.
type imported struct {
	Next     string          `json:"next,omitempty"`
	Built    bool            `json:"built"`
	Routes   []importedRoute `json:"routes"`
	Warnings []problem       `json:"warnings"`
}

type importedRoute struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
	File string `json:"file,omitempty"`
	Mode string `json:"mode"`
	// Notes are the comments of the file, by option.
	Notes   map[string]string `json:"notes"`
	Exports []importedMethod  `json:"exports,omitempty"`
}

type importedMethod struct {
	Method string         `json:"method"`
	Line   int            `json:"line"`
	Column int            `json:"column"`
	Reads  []importedRead `json:"reads"`
}

type importedRead struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Why    string `json:"why,omitempty"`
}

func importedOf(app *nextjs.App) imported {
	v := imported{Next: app.Version, Built: app.Built, Routes: []importedRoute{}, Warnings: appProblems(app.Warnings)}
	for _, r := range app.Routes {
		route := importedRoute{Path: r.Conf.Path, Kind: string(r.Kind), File: r.File, Mode: r.Conf.Mode, Notes: r.Notes}
		for _, m := range r.Methods {
			route.Exports = append(route.Exports, importedMethod{m.Name, m.At.Line, m.At.Column, readsOf(m.Reads)})
		}
		v.Routes = append(v.Routes, route)
	}
	return v
}

func readsOf(list []nextjs.Read) []importedRead {
	out := make([]importedRead, len(list)) // never nil: programs get a list
	for i, r := range list {
		out[i] = importedRead{string(r.Kind), r.Name, r.At.File, r.At.Line, r.At.Column, r.Why}
	}
	return out
}

func appProblems(list []nextjs.Warning) []problem {
	out := make([]problem, len(list))
	for i, w := range list {
		out[i] = problem{w.File, w.Line, w.Column, w.Message, w.Hint}
	}
	return out
}

// checked is the outcome of --check, for programs.
type checked struct {
	File     string    `json:"file"`
	OK       bool      `json:"ok"`
	Findings []finding `json:"findings"`
}

type finding struct {
	problem
	Method string `json:"method"`
	Path   string `json:"path"`
	// Policy is the place of the policy's route; empty when none is written.
	Policy string `json:"policy,omitempty"`
}

func checkedOf(f *importFlags, list []nextjs.Finding) checked {
	v := checked{File: f.check, OK: len(list) == 0, Findings: []finding{}}
	for _, x := range list {
		v.Findings = append(v.Findings, finding{problem{x.At.File, x.At.Line, x.At.Column, x.Message, x.Hint}, x.Method, x.Path, x.Policy})
	}
	return v
}
