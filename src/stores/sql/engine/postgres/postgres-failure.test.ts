/** Errors of Citus, whose coordinator reports those of its nodes: as it words them, with the SQLSTATE and context that it gives them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { StoreUnavailable } from '../../../store-unavailable.ts'
import { isCollision, isNodeLost, isStale, withoutValues } from './postgres-failure.ts'

function errorOf(message: string, code: string, where?: string): pg.DatabaseError {
  const error = new pg.DatabaseError(message, message.length, 'error')
  return Object.assign(error, { code, where })
}

const IN_NODE = 'while executing command on worker:5432'
const NODE = 'connection to the remote node hilum@worker:5432 failed with the following error:'

const reasonOf = (error: unknown) => {
  const thrown = withoutValues(error)
  return thrown instanceof StoreUnavailable ? thrown.reason : undefined
}

test('a connection to a node that broke lets the transaction run again', () => {
  for (const error of [
    errorOf(`${NODE} connection not open`, '08006'),
    errorOf('terminating connection due to administrator command', '57P01', IN_NODE),
    errorOf('terminating connection due to administrator command', 'XX000'),
    errorOf('server closed the connection unexpectedly', 'XX000', IN_NODE),
    errorOf('could not receive data from server: Connection reset by peer', 'XX000', IN_NODE),
  ]) {
    assert.ok(isNodeLost(error) && isStale(error), error.message)
    assert.equal(reasonOf(error), 'away')
  }
})

test('a node that is away is said at once, and so is the end of the connection to the coordinator', () => {
  for (const error of [
    errorOf(`${NODE} Connection refused`, '08006'),
    errorOf(`${NODE} FATAL:  the database system is starting up`, '08006'),
  ]) {
    assert.ok(!isNodeLost(error) && !isStale(error), error.message)
    assert.equal(reasonOf(error), 'away')
  }
  for (const ended of [
    errorOf('terminating connection due to administrator command', '57P01'),
    errorOf('postmaster was shut down, exiting', 'XX000'),
  ]) {
    assert.ok(!isNodeLost(ended) && isStale(ended), ended.message)
    assert.equal(reasonOf(ended), 'away')
  }
})

test('a commit without an answer of the node is not repeated', () => {
  const error = errorOf('could not commit transaction for shard 102042 on at least one active node', 'XX000')
  assert.ok(!isNodeLost(error) && !isCollision(error))
  assert.equal(reasonOf(error), 'away')
})

test('a collision in a node runs again, and so does a statement whose tables have moved', () => {
  for (const error of [
    errorOf('deadlock detected', '40P01', IN_NODE),
    errorOf('deadlock detected', 'XX000'),
    errorOf('relation "hilum_001.changes_102042" does not exist', '42P01', IN_NODE),
  ]) {
    assert.ok(isCollision(error), error.message)
  }
})

test('another internal error stays one, without the values of its message', () => {
  const error = errorOf('duplicate key value violates unique constraint "key"', 'XX000')
  assert.ok(!isCollision(error) && !isNodeLost(error))
  assert.equal((withoutValues(error) as Error).message, 'PostgreSQL refused a statement (XX000)')
})
