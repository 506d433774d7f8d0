package policy

type recorder struct{}

func (r *recorder) fellThrough(*Route)                                       {}
func (r *recorder) matched(*Route)                                           {}
func (r *recorder) refused(*Route)                                           {}
func (r *recorder) deadEnd(*node, string)                                    {}
func (r *recorder) datum(k dataKind, name, value string, by *rule, d drawer) {}
