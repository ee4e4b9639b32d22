// Judges whether a recorded history could have come from one log that does one
// thing at a time. It reads operations as JSON lines and prints a verdict as JSON;
// history.ts says what the fields mean. The model shares nothing with the product.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

type operation struct {
	Client int    `json:"client"`
	Key    string `json:"key"`
	Kind   string `json:"kind"`
	// append: the event's id; a decision, and what one showed: the event's id, too.
	ID string `json:"id"`
	// append: the expected version, -1 for any. get: the version asked for at least.
	Expected int `json:"expected"`
	// done, conflict, ended, behind or unknown.
	Outcome string `json:"outcome"`
	// Of the append, or that was shown.
	Version int `json:"version"`
	// read: the ids of all events.
	IDs []string `json:"ids"`
	// Nanoseconds. A return of 0: there never was one.
	Call   int64 `json:"call"`
	Return int64 `json:"return"`
}

// An aggregate is the ids of its events, in their order.
type state string

const separator = "\n"

func split(s state) []string {
	if s == "" {
		return nil
	}
	return strings.Split(string(s), separator)
}

func with(s state, id string) state {
	if s == "" {
		return state(id)
	}
	return s + separator + state(id)
}

func versionOf(s state, id string) int {
	for n, known := range split(s) {
		if known == id {
			return n + 1
		}
	}
	return 0
}

// What the aggregate may be after the operation; nothing: it cannot have happened so.
func step(s state, op operation) []state {
	events := split(s)
	switch op.Kind {
	case "append":
		return appended(s, len(events), op)
	case "read":
		if op.Outcome == "unknown" || strings.Join(op.IDs, separator) == string(s) {
			return []state{s}
		}
	case "get":
		// A row may be old, but not older than was asked for, and never from the future.
		switch op.Outcome {
		case "unknown":
			return []state{s}
		case "behind":
			if len(events) < op.Expected {
				return []state{s}
			}
		case "done":
			if op.Version <= len(events) && op.Version >= op.Expected {
				return []state{s}
			}
		}
	case "end":
		return ended(s, len(events), op)
	case "shown":
		if known := versionOf(s, op.ID); known > 0 && op.Version >= known && op.Version <= len(events) {
			return []state{s}
		}
	}
	return nil
}

// The id is looked at before the version.
func appended(s state, length int, op operation) []state {
	known := versionOf(s, op.ID)
	fits := known == 0 && (op.Expected < 0 || op.Expected == length)
	after := s
	if fits {
		after = with(s, op.ID)
	}
	switch op.Outcome {
	case "done":
		if (known > 0 && op.Version == known) || (fits && op.Version == length+1) {
			return []state{after}
		}
	case "conflict":
		if known == 0 && !fits {
			return []state{s}
		}
	case "unknown":
		return []state{s, after}
	}
	return nil
}

// Ends what is there and has not ended; once it has, the same end again changes nothing.
func ended(s state, length int, op operation) []state {
	known := versionOf(s, op.ID)
	open := length > 0 && known == 0
	after := s
	if open {
		after = with(s, op.ID)
	}
	switch op.Outcome {
	case "done":
		if known > 0 || open {
			return []state{after}
		}
	case "absent":
		if length == 0 {
			return []state{s}
		}
	case "unknown":
		return []state{s, after}
	}
	return nil
}

var model = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, op := range history {
			key := op.Input.(operation).Key
			byKey[key] = append(byKey[key], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byKey {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []interface{} { return []interface{}{state("")} },
	Step: func(before, input, _ interface{}) []interface{} {
		var after []interface{}
		for _, next := range step(before.(state), input.(operation)) {
			after = append(after, next)
		}
		return after
	},
	Equal: func(one, other interface{}) bool { return one == other },
}

func main() {
	var history []porcupine.Operation
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var op operation
		if err := json.Unmarshal(lines.Bytes(), &op); err != nil {
			fmt.Fprintln(os.Stderr, "not an operation:", err)
			os.Exit(2)
		}
		if op.Return == 0 {
			// What reads and was not answered tells nothing, but doubles the work.
			if op.Kind == "get" || op.Kind == "read" {
				continue
			}
			op.Return = math.MaxInt64
		}
		history = append(history, porcupine.Operation{
			ClientId: op.Client, Input: op, Output: nil, Call: op.Call, Return: op.Return,
		})
	}
	began := time.Now()
	bad := []string{}
	verdict := "ok"
	for _, part := range model.Partition(history) {
		switch porcupine.CheckOperationsTimeout(model.ToModel(), part, 30*time.Second) {
		case porcupine.Illegal:
			verdict = "illegal"
			bad = append(bad, part[0].Input.(operation).Key)
		case porcupine.Unknown:
			if verdict == "ok" {
				verdict = "unknown"
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"verdict": verdict, "operations": len(history), "keys": bad,
		"tookMs": time.Since(began).Milliseconds(),
	})
}
