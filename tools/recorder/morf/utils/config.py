# SPDX-License-Identifier: MIT
"""The configuration of the job, as far as a controller may know it."""

from morf import _recording


def get_config_properties(config_file="config.properties", sections_to_fetch=None):
    config = _recording.state.config
    if sections_to_fetch is None:
        return dict(config["client"] + config["args"])
    # One name, or several.
    return dict(pair for name in ("client", "args") if name in sections_to_fetch for pair in config[name])


def combine_config_files(*args, outfile="config.properties"):
    pass


def update_config_fields_in_section(section, config_file="config.properties", **kwargs):
    pass


def fetch_data_buckets_from_config(config_file="config.properties", data_section="data", required_bucket_dir_name="morf-data/"):
    return ["morf-data"]


class MorfJobConfig(object):
    def __init__(self, config_file="config.properties"):
        self.mode = None
        self.status = "START"
        self.morf_id = "0" * 32
        self.email_to = None
        self.raw_data_buckets = fetch_data_buckets_from_config()
        self.proc_data_bucket = "proc-data"
        self.max_num_cores = 1
        self.client_args = dict(_recording.state.config["args"])
        for key, value in get_config_properties(config_file).items():
            setattr(self, key, value)

    def update_mode(self, mode):
        self.mode = mode

    def update_status(self, status):
        self.status = status

    def update_email_to(self, email_to):
        self.email_to = email_to

    def check_configurations(self):
        pass

    def initialize_s3(self):
        return None
