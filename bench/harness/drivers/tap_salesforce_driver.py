"""Runs tap-salesforce, whose login address is fixed, against the address in TAP_LOGIN_URL. Nothing else of it is touched."""

import os
import sys

import requests
import tap_salesforce

FIXED = "https://login.salesforce.com"
request = requests.Session.request


def redirected(self, method, url, *arguments, **options):
    return request(self, method, url.replace(FIXED, os.environ["TAP_LOGIN_URL"]), *arguments, **options)


requests.Session.request = redirected
sys.exit(tap_salesforce.main())
