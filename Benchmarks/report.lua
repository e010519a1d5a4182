-- What wrk found, as one line of JSON for measure.py. The script of each turn sets the request and loads this file.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '\nBENCH {"requests": %d, "seconds": %.6f, "bytes": %d, "p50_ms": %.4f, "p99_ms": %.4f, '
            .. '"refused": %d, "broken": %d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
