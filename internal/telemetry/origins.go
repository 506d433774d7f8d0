package telemetry

// Origin are the figures of one origin at scrape time.
type Origin struct {
	Name string
	// Waiting are the requests that wait for their turn; Full and Late those that
	// got none because too many waited, or because they waited too long.
	Waiting    int
	Full, Late uint64
	// Retries are requests that were sent again, by why; Unpaid those that were
	// not because the budget was used up.
	Retries map[string]uint64
	Unpaid  uint64
	Sites   []Site
}

// Site are the figures of one URL of an origin.
type Site struct {
	URL       string
	InFlight  int64
	Ejections uint64
	// Well and Unwell are the health checks that succeeded and failed.
	Well, Unwell uint64
	// Resolved and Unresolved are the look-ups of its name that succeeded and
	// failed; both are 0 for what has no name.
	Resolved, Unresolved uint64
	States               map[string]int    // addresses, by state
	Attempts             map[string]uint64 // by result
}

// SetOrigins names the function that gives the origins at scrape time.
func (c *Counters) SetOrigins(f func() []Origin) { c.origins.Store(&f) }

func (o collection) origins() {
	read := o.Counters.origins.Load()
	if read == nil {
		return
	}
	for _, origin := range (*read)() {
		o.add(originWaiting, float64(origin.Waiting), origin.Name)
		o.add(originRefusedTotal, float64(origin.Full), origin.Name, "full")
		o.add(originRefusedTotal, float64(origin.Late), origin.Name, "late")
		for why, n := range origin.Retries {
			o.add(originRetriesTotal, float64(n), origin.Name, why)
		}
		o.add(originUnpaidTotal, float64(origin.Unpaid), origin.Name)
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
	o.add(originChecksTotal, float64(s.Well), origin, s.URL, "true")
	o.add(originChecksTotal, float64(s.Unwell), origin, s.URL, "false")
	if s.Resolved+s.Unresolved > 0 {
		o.add(originLookupsTotal, float64(s.Resolved), origin, s.URL, "true")
		o.add(originLookupsTotal, float64(s.Unresolved), origin, s.URL, "false")
	}
	o.add(originEjectionsTotal, float64(s.Ejections), origin, s.URL)
}
