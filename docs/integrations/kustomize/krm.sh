#!/bin/sh
exec acr-pull-secret krm
