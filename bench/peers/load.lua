-- What wrk asks for: the target of its URL again and again, or
--
--   picks FILE       the targets in FILE, in order, over and over
--   fresh N NAME     the target of its URL, and in every Nth request the one that
--                    -- "fresh" N PREFIX gives, with a name nobody has asked for
--
-- A line "ready" from each thread, and at the end one line of JSON.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

function init(args)
  if args[1] == "picks" then
    request = picks(args[2])
  elseif args[1] == "fresh" then
    request = fresh(tonumber(args[2]), args[3])
  end
  io.write("ready\n")
  io.flush()
end

-- picks returns a function that walks through the targets of a file; every
-- thread begins somewhere else.
function picks(file)
  local made, order, n = {}, {}, 0
  for target in io.lines(file) do
    if not made[target] then made[target] = wrk.format("GET", target) end
    n = n + 1
    order[n] = made[target]
  end
  local at = math.floor(n * (id - 1) / 2)
  return function()
    at = at % n + 1
    return order[at]
  end
end

-- fresh returns a function that puts a new name behind prefix every nth time.
function fresh(nth, prefix)
  local known = wrk.format("GET")
  local head = "GET " .. prefix .. "-" .. id .. "-"
  local tail = string.match(known, "^GET [^ ]*( .*)$")
  local n = 0
  return function()
    n = n + 1
    if n % nth ~= 0 then return known end
    return head .. n .. tail
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
