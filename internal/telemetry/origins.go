package telemetry

// Origin are the figures of one origin at scrape time.
type Origin struct {
	Name  string
	Sites []Site
}

// Site are the figures of one URL of an origin.
type Site struct {
	URL       string
	InFlight  int64
	Ejections uint64
	States    map[string]int    // addresses, by state
	Attempts  map[string]uint64 // by result
}

// SetOrigins names the function that gives the origins at scrape time.
func (c *Counters) SetOrigins(f func() []Origin) { c.origins.Store(&f) }

func (o collection) origins() {
	read := o.Counters.origins.Load()
	if read == nil {
		return
	}
	for _, origin := range (*read)() {
		for i := range origin.Sites {
			o.site(origin.Name, &origin.Sites[i])
		}
	}
}

func (o collection) site(origin string, s *Site) {
	for state, n := range s.States {
		o.add(originAddresses, float64(n), origin, s.URL, state)
	}
	o.add(originInFlight, float64(s.InFlight), origin, s.URL)
	for result, n := range s.Attempts {
		o.add(originAttemptsTotal, float64(n), origin, s.URL, result)
	}
	o.add(originEjectionsTotal, float64(s.Ejections), origin, s.URL)
}
