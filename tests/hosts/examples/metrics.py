"""A /metrics server inside the program: heapster run -o /dev/null -- python3 metrics.py"""

import http.server
import heapster

class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(heapster.prometheus().encode())

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
print(f"http://127.0.0.1:{server.server_port}/metrics", flush=True)
server.serve_forever()
