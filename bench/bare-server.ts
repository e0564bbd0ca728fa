/** Answers every request with the bytes of its stdin. The ceiling that a server on node:http is measured against. */
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'

const answer = await buffer(process.stdin)
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port))
