// Command verify checks a proof of the ledger with nothing but golang.org/x/mod/sumdb, the packages that the
// go command itself trusts. It shares no code with Vallum, so that the two can be held against each other.
//
//	verify proof VKEY PROOF-FILE LEAF-FILE   prints origin, size and index; exits 1 when the proof proves nothing
//	verify sign NAME < TEXT                  signs with a new key, and prints its vkey, then the note
package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	err := errors.New("usage: verify proof VKEY PROOF-FILE LEAF-FILE | verify sign NAME")
	switch args := os.Args[1:]; {
	case len(args) == 4 && args[0] == "proof":
		err = verify(args[1], args[2], args[3])
	case len(args) == 2 && args[0] == "sign":
		err = sign(args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(vkey, proofFile, leafFile string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	leaf, err := os.ReadFile(leafFile)
	if err != nil {
		return err
	}
	index, hashes, signed, err := parseProof(string(proof))
	if err != nil {
		return err
	}
	checkpoint, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	origin, tree, err := parseCheckpoint(checkpoint.Text)
	if err != nil {
		return err
	}
	if origin != verifier.Name() {
		return fmt.Errorf("the checkpoint is of %q, the key of %q", origin, verifier.Name())
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return err
	}
	fmt.Println(origin, tree.N, index)
	return nil
}

// parseProof reads a C2SP tlog-proof without extra data.
func parseProof(text string) (index int64, hashes tlog.RecordProof, checkpoint string, err error) {
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return 0, nil, "", errors.New("not a tlog-proof")
	}
	if index, err = parseNumber(strings.TrimPrefix(lines[1], "index ")); err != nil {
		return 0, nil, "", err
	}
	for _, line := range lines[2:] {
		hash, err := parseHash(line)
		if err != nil {
			return 0, nil, "", err
		}
		hashes = append(hashes, hash)
	}
	return index, hashes, checkpoint, nil
}

// parseCheckpoint reads the text of a C2SP tlog-checkpoint. tlog.ParseTree knows the go command's own log only.
func parseCheckpoint(text string) (origin string, tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 {
		return "", tlog.Tree{}, errors.New("not a checkpoint")
	}
	if tree.N, err = parseNumber(lines[1]); err != nil {
		return "", tlog.Tree{}, err
	}
	tree.Hash, err = parseHash(lines[2])
	return lines[0], tree, err
}

// parseNumber refuses signs and leading zeros, which strconv takes.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("not a number: %q", text)
	}
	return n, nil
}

func parseHash(text string) (hash tlog.Hash, err error) {
	bytes, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(bytes) != tlog.HashSize {
		return hash, fmt.Errorf("not a hash: %q", text)
	}
	copy(hash[:], bytes)
	return hash, nil
}

func sign(name string) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s", vkey, signed)
	return nil
}
