# Varnish with its built-in rules, but for cookies: what is public is so whoever
# asks.
vcl 4.1;

backend default {
	.host = "{{.OriginHost}}";
	.port = "{{.OriginPort}}";
}

sub vcl_recv {
	if (req.url ~ "^/(public|vary|cookie)/") {
		unset req.http.Cookie;
	}
	if (req.url ~ "^/private/") {
		return (hash); # the built-in rules would pass whatever has a cookie
	}
}
