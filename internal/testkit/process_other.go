//go:build !linux

package testkit

import (
	"os"
	"os/exec"
)

// Outside Linux a child whose test binary was killed has to be ended by hand.
func ownGroup(*exec.Cmd) {}

func terminateGroup(cmd *exec.Cmd) { _ = cmd.Process.Signal(os.Interrupt) }
func killGroup(cmd *exec.Cmd)      { _ = cmd.Process.Kill() }
