/** Answers every request with the text it was started with. The ceiling that a server on node:http is measured against. */
import { createServer } from 'node:http'

const answer = Buffer.from(process.argv[2] ?? '')
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))
